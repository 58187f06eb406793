#!/usr/bin/env python3
"""Images per second of bench/executor and of ONNX Runtime's CPU provider, side by side.

    executor_vs_onnxruntime.py EXECUTOR MODEL.onnx... [--batches 1,8,32] [--threads 1]
                               [--rounds 5] [--seconds 1] [--json FILE]

Needs onnxruntime and onnx of PyPI. Both run the same files, with the same batch and the same
number of threads (EXECUTOR: processes of one thread), one after the other in every round, so that
a busy moment hits both. Printed are medians over the rounds: images per second, and per second of
processor time, which other work on the machine disturbs less, with their ratios. Weights that a model leaves empty
(ConstantOfShape) become random first. int8: every layer of EXECUTOR W8A8; ONNX Runtime's static
quantisation, QDQ, uint8 activations and int8 weights per channel, in a default session.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper, shape_inference, version_converter
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType,
                                      quantize_static)


def give_random_weights(model):
    """Layers' weights made by ConstantOfShape become random initialisers of about unit gain."""
    rng = np.random.default_rng(1)
    constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    layers = {}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            for place, name in enumerate(node.input[1:]):
                layers[name] = place
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    filled = 0
    for node in list(model.graph.node):
        if node.op_type != "ConstantOfShape" or node.output[0] not in layers:
            continue
        shape = [int(d) for d in constants[node.input[0]]]
        gain = np.sqrt(3 / max(1, np.prod(shape[1:]))) if layers[node.output[0]] == 0 else 0.1
        values = rng.uniform(-gain, gain, shape).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        model.graph.node.remove(node)
        filled += 1
    return filled


def free_batch(model):
    """The first dim of inputs and outputs becomes free, also where Reshape holds it."""
    for value in list(model.graph.input) + list(model.graph.output):
        if value.type.tensor_type.shape.dim:
            value.type.tensor_type.shape.dim[0].dim_param = "N"
    del model.graph.value_info[:]
    targets = {n.input[1] for n in model.graph.node if n.op_type == "Reshape"}
    for constant in model.graph.initializer:
        if constant.name in targets:
            shape = numpy_helper.to_array(constant).copy()
            if shape.size and shape[0] == 1:
                shape[0] = 0
                constant.CopyFrom(numpy_helper.from_array(shape, constant.name))


class RandomSamples(CalibrationDataReader):
    def __init__(self, name, shape, n):
        rng = np.random.default_rng(2)
        self.left = [{name: rng.uniform(-1, 1, shape).astype(np.float32)} for _ in range(n)]

    def get_next(self):
        return self.left.pop() if self.left else None


def prepare(path, folder):
    """The float and the quantised file, the input's name and its shape without the batch."""
    model = onnx.load(path)
    if model.opset_import[0].version < 13:  # scales per channel need it
        model = version_converter.convert_version(model, 13)
    give_random_weights(model)
    free_batch(model)
    known = {i.name for i in model.graph.initializer}
    value = next(v for v in model.graph.input if v.name not in known)
    shape = [d.dim_value for d in value.type.tensor_type.shape.dim][1:]
    stem = os.path.join(folder, os.path.splitext(os.path.basename(path))[0])
    plain, folded, quantised = stem + ".onnx", stem + ".folded.onnx", stem + ".int8.onnx"
    onnx.save(model, plain)
    # BatchNormalization is folded first, as the quantiser's users are told to
    options = ort.SessionOptions()
    options.optimized_model_filepath = folded
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    ort.InferenceSession(plain, options, providers=["CPUExecutionProvider"])
    onnx.save(shape_inference.infer_shapes(onnx.load(folded)), folded)
    quantize_static(folded, quantised, RandomSamples(value.name, [1] + shape, 8),
                    quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    return plain, quantised, value.name, shape


class OnnxRuntime:
    def __init__(self, path, name, shape, batch, threads):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        rng = np.random.default_rng(3)
        self.feed = {name: rng.uniform(-1, 1, [batch] + shape).astype(np.float32)}
        self.batch = batch
        self.session.run(None, self.feed)

    def rates(self, seconds):
        """Images per second, and per second of a processor."""
        runs, begin, cpu = 0, time.perf_counter(), time.process_time()
        while True:
            self.session.run(None, self.feed)
            runs += 1
            spent = time.perf_counter() - begin
            if spent >= seconds:
                images = runs * self.batch
                return images / spent, images / (time.process_time() - cpu)


def executor_rates(args, path, batch, int8):
    command = [args.executor, path, "--batch", str(batch), "--processes", str(args.threads),
               "--seconds", str(args.seconds)] + (["--int8"] if int8 else [])
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    words = out.split()  # N images/s, M per second of a processor
    return float(words[0]), float(words[2])


def print_row(label, kind, batch, row):
    cells = [row[0], row[1], row[0] / row[1], row[2], row[3], row[2] / row[3]]
    print(f"{label:26} {kind:5} {batch:>5} " + " ".join(f"{c:12.2f}" for c in cells), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("executor")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--batches", default="1,8,32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--json")
    args = parser.parse_args()
    rows = []
    print(f"onnxruntime {ort.__version__}, {args.threads} thread(s), median of {args.rounds} rounds")
    heads = ("executor/s", "ort/s", "ratio", "executor/cpu", "ort/cpu", "ratio")
    print(f"{'model':26} {'type':5} {'batch':>5} " + " ".join(f"{h:>12}" for h in heads))
    with tempfile.TemporaryDirectory() as folder:
        for path in args.models:
            plain, quantised, name, shape = prepare(path, folder)
            label = os.path.basename(path)[:26]
            for kind, peer_file in (("float", plain), ("int8", quantised)):
                best = [0] * 4
                for batch in map(int, args.batches.split(",")):
                    peer = OnnxRuntime(peer_file, name, shape, batch, args.threads)
                    ours, theirs = [], []
                    for _ in range(args.rounds):
                        ours.append(executor_rates(args, plain, batch, kind == "int8"))
                        theirs.append(peer.rates(args.seconds))
                    row = [statistics.median(r[i] for r in side)
                           for i in (0, 1) for side in (ours, theirs)]
                    best = [max(pair) for pair in zip(best, row)]
                    print_row(label, kind, batch, row)
                    rows.append({"model": label, "type": kind, "batch": batch,
                                 "threads": args.threads, "executor_per_s": row[0],
                                 "ort_per_s": row[1], "executor_per_cpu_s": row[2],
                                 "ort_per_cpu_s": row[3]})
                print_row("  best batch of each", kind, "", best)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(rows, f, indent=1)


if __name__ == "__main__":
    main()
