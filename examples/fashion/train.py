#!/usr/bin/env python3
"""Trains the network of this example, and writes the samples that go with it.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    apt-get install dataset-fashion-mnist
    venv/bin/python train.py

Writes fashion.onnx and fashion-{images-idx3,labels-idx1}-ubyte.gz beside itself. Only the training
set is learnt from; no choice was made by looking at the test set. The seed fixes all randomness;
another processor or another number of threads adds up in another order and ends a little elsewhere.
"""
import argparse
import gzip
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).resolve().parent
MEAN, STD = 0.2860, 0.3530  # of the training set's pixels in 0..1; search.yaml repeats them
CLASSES = 10


# ---- Data ------------------------------------------------------------------------------------


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    assert data[:3] == b"\0\0\x08", f"{path}: not an IDX file of bytes"
    dims = np.frombuffer(data, ">u4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(dims)


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.tobytes(), 9, mtime=0))


def to_tensors(images, labels):
    pixels = torch.from_numpy(images.astype(np.float32) / 255).unsqueeze(1)
    return (pixels - MEAN) / STD, torch.from_numpy(labels.astype(np.int64))


def augment(images, generator):
    """Flips half of the images, and moves each by up to two pixels."""
    n, _, height, width = images.shape
    flipped = torch.rand(n, 1, 1, 1, generator=generator) < 0.5
    images = torch.where(flipped, images.flip(3), images)
    padded = F.pad(images, (2, 2, 2, 2), value=-MEAN / STD)
    down, right = torch.randint(0, 5, (2, n, 1), generator=generator)
    rows = (down + torch.arange(height)).view(n, 1, height, 1)
    columns = (right + torch.arange(width)).view(n, 1, 1, width)
    return padded[torch.arange(n).view(n, 1, 1, 1), 0, rows, columns]


# ---- Network ---------------------------------------------------------------------------------


class Block(nn.Module):
    """The basic block of residual networks, He et al. 2015."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = self.bn3 = None
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.bn3 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (self.bn3(self.shortcut(x)) if self.shortcut else x))


class Net(nn.Module):
    """28 x 28 x 1 -> 14 x 14 x 128 -> 7 x 7 x 128 -> 10 classes."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 128, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(128)
        self.block1 = Block(128, 128, 1)
        self.block2 = Block(128, 128, 2)
        self.fc = nn.Linear(128, CLASSES)

    def forward(self, x):
        x = F.relu(self.bn(self.stem(x)))
        x = self.block2(self.block1(x))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


# ---- Training --------------------------------------------------------------------------------


def train(net, images, labels, epochs, batch, generator):
    decayed = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0}],
        lr=0.1,
        momentum=0.9,
        nesterov=True,
    )
    steps = len(images) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=epochs * steps, pct_start=0.2
    )
    net.train()
    for epoch in range(epochs):
        start, total = time.monotonic(), 0.0
        order = torch.randperm(len(images), generator=generator)
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            x = augment(images[chosen], generator).to(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                loss = F.cross_entropy(net(x), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        seconds = time.monotonic() - start
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}, {seconds:.0f} s", flush=True)


@torch.no_grad()
def count_right(net, images, labels):
    net.eval()
    return sum(
        int((net(x).argmax(1) == y).sum()) for x, y in zip(images.split(500), labels.split(500))
    )


def export(net, path):
    """The batch stays open, and BatchNormalization as it is: folding it is the tool's work."""
    net.eval().to(memory_format=torch.contiguous_format)
    torch.onnx.export(
        net,
        (torch.zeros(1, 1, 28, 28),),
        path,
        dynamo=False,
        opset_version=17,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False,
    )


def main():
    parser = argparse.ArgumentParser(description="trains the network of this example")
    parser.add_argument(
        "--data", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist",
        help="folder of the four files of Fashion-MNIST (default: where Debian's package is)",
    )
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder to write into")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)

    test_images = read_idx(args.data / "t10k-images-idx3-ubyte.gz")
    test_labels = read_idx(args.data / "t10k-labels-idx1-ubyte.gz")
    write_idx(args.out / "fashion-images-idx3-ubyte.gz", test_images)
    write_idx(args.out / "fashion-labels-idx1-ubyte.gz", test_labels)

    net = Net().to(memory_format=torch.channels_last)
    images, labels = to_tensors(
        read_idx(args.data / "train-images-idx3-ubyte.gz"),
        read_idx(args.data / "train-labels-idx1-ubyte.gz"),
    )
    train(net, images, labels, args.epochs, 128, generator)

    images, labels = to_tensors(test_images, test_labels)
    n, right = len(images), count_right(net, images, labels)
    print(f"top-1 on the {n} of the test set: {right} right, {100 * right / n:.2f} %")
    export(net, args.out / "fashion.onnx")


if __name__ == "__main__":
    main()
