"""Checks what src/export wrote with Python's onnx package and ONNX Runtime; prints TAP.

check_export.py NETS TOOL SHARED WORK
  NETS    folder of cases as export_tool makes them
  TOOL    export_tool
  SHARED  real models, where present
  WORK    a folder for what is made on the way
"""
import glob
import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime as ort
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from onnx import TensorProto, helper, numpy_helper

# Floats are summed in another order here, which moves a value now and then to the next of 255
# steps; what is wrong differs by far more.
LIMIT = 0.02


def session(path, **more):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"], **more)


def run(model, samples, **more):
    """All outputs on the samples, batch by batch, as export_tool writes them."""
    s = session(model, **more)
    source = s.get_inputs()[0]
    batch = source.shape[0] if isinstance(source.shape[0], int) else 1
    samples = samples.reshape([-1] + source.shape[1:])
    rows = []
    for i in range(0, len(samples), batch):
        rows += [y.ravel() for y in s.run(None, {source.name: samples[i:i + batch]})]
    return np.concatenate(rows)


def close(got, wanted, limit=LIMIT):
    assert got.shape == wanted.shape, (got.shape, wanted.shape)
    difference = np.abs(got - wanted).max() / np.abs(wanted).max()
    assert difference <= limit, "differs by %g of the largest output" % difference


# ---- The deploy model ---------------------------------------------------------------------------


LIMITS = {b"INT8": (-128, 127), b"INT4": (-8, 7)}


class Deploy:
    """A deploy model taken apart without any of our code."""

    def __init__(self, path):
        self.model = onnx.load(path)
        graph = self.model.graph
        self.nodes = {n.name: n for n in graph.node}
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.maker = {y: n for n in graph.node for y in n.output}
        assert len(self.nodes) == len(graph.node), "names of nodes are not unique"

    def weights(self, layer):
        """The integers, and how many bits they have."""
        maker = self.maker.get(layer.input[1])
        if maker is None:
            return self.constants[layer.input[1]], 8
        assert maker.op_type == "AscendWeightQuant" and maker.name == layer.name + ".weight_quant"
        assert attributes(maker) == {"dst_type": b"INT4"}
        assert not np.any(self.constants[maker.input[1]])
        return self.constants[maker.input[0]], 4

    def layers(self):
        """(layer, AscendQuant, AscendDequant, bias or None) of every quantised layer."""
        for dequant in self.model.graph.node:
            if dequant.op_type != "AscendDequant":
                continue
            layer, bias = self.maker[dequant.input[0]], None
            if layer.op_type == "Add":
                bias, layer = self.constants[layer.input[1]], self.maker[layer.input[0]]
            elif len(layer.input) > 2:
                bias = self.constants[layer.input[2]]
            yield layer, self.maker[layer.input[0]], dequant, bias


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def check_deploy(folder):
    d = Deploy(folder + "/net_deploy_model.onnx")
    made = {v.name for v in d.model.graph.input} | set(d.constants)
    for node in d.model.graph.node:
        assert all(not x or x in made for x in node.input), node.name + " stands too early"
        made |= set(node.output)
        assert node.domain == "", node.domain
    assert all(v.name in made for v in d.model.graph.output)
    for layer, quant, dequant, bias in d.layers():
        a = attributes(quant)
        assert quant.op_type == "AscendQuant" and quant.name.endswith(".quant")
        assert set(a) == {"scale", "offset", "dst_type"} and a["dst_type"] in LIMITS
        least, greatest = LIMITS[a["dst_type"]]
        assert a["scale"] > 0 and least <= a["offset"] <= greatest
        assert a["offset"] == int(a["offset"])
        assert dequant.name == layer.name + ".dequant"
        assert dequant.input[1] == dequant.name + ".param"
        assert attributes(dequant)["dtype"] == 0
        scales = d.constants[dequant.input[1]]
        assert scales.dtype == np.uint64 and scales.ndim == 1 and not np.any(scales >> 32)
        weights, bits = d.weights(layer)
        assert weights.dtype == np.int8
        assert bits == 8 or -8 <= weights.min() and weights.max() <= 7
        assert bias is None or bias.dtype == np.int32
        assert attributes(layer).get("transB", 0) == 0


def check_deploy_arithmetic(folder, work):
    """The deploy model with its integers as floats, so that ONNX Runtime runs it."""
    d = Deploy(folder + "/net_deploy_model.onnx")
    graph = d.model.graph
    nodes, constants = [], dict(d.constants)
    for node in graph.node:
        if node.op_type == "AscendQuant":
            a, name, y = attributes(node), node.name, node.output[0]
            least, greatest = LIMITS[a["dst_type"]]
            for key, value in (("s", a["scale"]), ("o", a["offset"]), ("l", least),
                               ("h", greatest)):
                constants[name + key] = np.float32(value)
            nodes += [helper.make_node("Mul", [node.input[0], name + "s"], [name + "1"]),
                      helper.make_node("Round", [name + "1"], [name + "2"]),
                      helper.make_node("Add", [name + "2", name + "o"], [name + "3"]),
                      helper.make_node("Clip", [name + "3", name + "l", name + "h"], [name + "4"]),
                      helper.make_node("Sub", [name + "4", name + "o"], [y])]
        elif node.op_type == "AscendDequant":
            scale = constants[node.input[1]].astype(np.uint32).view(np.float32)
            layer = d.maker[node.input[0]]
            if layer.op_type.startswith("Conv"):
                scale = scale.reshape([-1] + [1] * (d.weights(layer)[0].ndim - 2))
            constants[node.input[1]] = scale
            # Round keeps the optimiser from working the scale into the weights
            nodes += [helper.make_node("Round", [node.input[0]], [node.name + "r"]),
                      helper.make_node("Mul", [node.name + "r", node.input[1]], node.output)]
        elif node.op_type == "AscendWeightQuant":
            nodes.append(helper.make_node("Identity", node.input[:1], node.output))
        else:
            nodes.append(node)
    for name, value in constants.items():
        if value.dtype in (np.int8, np.int32):
            constants[name] = value.astype(np.float32)
    tensors = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    plain = helper.make_model(
        helper.make_graph(nodes, "plain", graph.input, graph.output, tensors),
        opset_imports=d.model.opset_import, ir_version=d.model.ir_version)
    path = os.path.join(work, "plain.onnx")
    onnx.save(plain, path)
    close(run(path, np.fromfile(folder + "/input.bin", np.float32)),
          np.fromfile(folder + "/output.bin", np.float32))


# ---- The other models ---------------------------------------------------------------------------


def check_runs(folder, name):
    """A valid model that ONNX Runtime runs as it comes, with the candidate's outputs."""
    path = "%s/net_%s_model.onnx" % (folder, name)
    onnx.checker.check_model(path, full_check=True)
    close(run(path, np.fromfile(folder + "/input.bin", np.float32)),
          np.fromfile(folder + "/output.bin", np.float32))


REQUANTISES = "WeightBiasQuantization"


def requantiser_works(work):
    """Whether this ONNX Runtime requantises float weights between the two, and can be told not to."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(8, 1, 3, 3)).astype(np.float32) * np.logspace(-3, 0, 8)[:, None, None, None]
    tensors = [numpy_helper.from_array(np.float32(0.01), "s"),
               numpy_helper.from_array(np.uint8(128), "z"),
               numpy_helper.from_array(w.astype(np.float32), "w")]
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
             helper.make_node("Conv", ["d", "w"], ["c"], group=8),
             helper.make_node("QuantizeLinear", ["c", "s", "z"], ["r"]),
             helper.make_node("DequantizeLinear", ["r", "s", "z"], ["y"])]
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 8, 9 - k, 9 - k])
             for n, k in (("x", 0), ("y", 2))]
    model = helper.make_model(helper.make_graph(nodes, "g", value[:1], value[1:], tensors),
                              opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    path = os.path.join(work, "requantised.onnx")
    onnx.save(model, path)
    x = rng.normal(size=(1, 8, 9, 9)).astype(np.float32)
    return np.any(run(path, x) != run(path, x, disabled_optimizers=[REQUANTISES]))


def check_left_alone(folder):
    """That optimiser changes nothing in our form."""
    path, x = folder + "/net_qdq_model.onnx", np.fromfile(folder + "/input.bin", np.float32)
    assert np.array_equal(run(path, x), run(path, x, disabled_optimizers=[REQUANTISES]))


# ---- AMCT's texts -------------------------------------------------------------------------------


def record_class():
    """The messages of AMCT's scale_offset_record.proto that its ONNX writer fills."""
    f = descriptor_pb2.FileDescriptorProto(name="record.proto", package="amct", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    layer = f.message_type.add(name="SingleLayerRecord")
    for name, number, kind, label in (
            ("scale_d", 1, kinds.TYPE_FLOAT, 1), ("offset_d", 2, kinds.TYPE_INT32, 1),
            ("scale_w", 3, kinds.TYPE_FLOAT, 3), ("offset_w", 4, kinds.TYPE_INT32, 3),
            ("act_type", 11, kinds.TYPE_STRING, 1), ("wts_type", 12, kinds.TYPE_STRING, 1),
            ("op_data_type", 30, kinds.TYPE_STRING, 1)):
        layer.field.add(name=name, number=number, type=kind, label=label)
    pair = f.message_type.add(name="MapFiledEntry")
    pair.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=1)
    pair.field.add(name="value", number=2, type=kinds.TYPE_MESSAGE, label=1,
                   type_name=".amct.SingleLayerRecord")
    attr = f.message_type.add(name="AttrProto")
    for name, number, kind, label in (("name", 1, kinds.TYPE_STRING, 1),
                                      ("ints", 7, kinds.TYPE_INT64, 3)):
        attr.field.add(name=name, number=number, type=kind, label=label)
    type_kind = f.enum_type.add(name="AttrType")
    for name, number in (("UNDEFINED", 0), ("FLOAT", 1), ("INT", 2), ("STRING", 3), ("FLOATS", 4),
                         ("INTS", 5), ("STRINGS", 6)):
        type_kind.value.add(name=name, number=number)
    attr.field.add(name="type", number=2, type=kinds.TYPE_ENUM, label=1, type_name=".amct.AttrType")
    node = f.message_type.add(name="PruneNode")
    node.field.add(name="name", number=1, type=kinds.TYPE_STRING, label=1)
    node.field.add(name="attr", number=2, type=kinds.TYPE_MESSAGE, label=3,
                   type_name=".amct.AttrProto")
    prune = f.message_type.add(name="PruneRecord")
    prune.field.add(name="selective_prune", number=3, type=kinds.TYPE_MESSAGE, label=1,
                    type_name=".amct.PruneNode")
    root = f.message_type.add(name="ScaleOffsetRecord")
    root.field.add(name="prune_record", number=2, type=kinds.TYPE_MESSAGE, label=3,
                   type_name=".amct.PruneRecord")
    root.field.add(name="record", number=1, type=kinds.TYPE_MESSAGE, label=3,
                   type_name=".amct.MapFiledEntry")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(f)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("amct.ScaleOffsetRecord"))


def check_mask(mask, weights):
    """What AMCT's add_mask_to_record writes of the weights that 4:2 sparsity has kept."""
    if mask is None:
        return
    if mask["mask_shape"] != list(weights.shape):  # of Gemm, as the network had it
        weights = weights.T
    assert mask["mask_shape"] == list(weights.shape), (mask["mask_shape"], weights.shape)
    words = np.array(mask["selective_mask"], np.int64).view(np.uint8)
    kept = np.unpackbits(words)[:weights.size].reshape(weights.shape).astype(bool)
    assert np.array_equal(kept, weights != 0), (kept.shape, np.sum(kept != (weights != 0)))
    assert not np.all(kept), "nothing is sparse"


def check_texts(folder, record_type):
    d = Deploy(folder + "/net_deploy_model.onnx")
    with open(folder + "/net_record.txt") as f:
        record = text_format.Parse(f.read(), record_type())
    with open(folder + "/net_config.json") as f:
        config = json.load(f)
    entries = {e.key: e.value for e in record.record}
    enabled = {k for k, v in config.items() if isinstance(v, dict) and v["quant_enable"]}
    masks = {e.selective_prune.name: {a.name: list(a.ints) for a in e.selective_prune.attr}
             for e in record.prune_record}
    layers = {layer.name: (quant, dequant) for layer, quant, dequant, _ in d.layers()}
    bits = {layer.name: d.weights(layer)[1] for layer, *_ in d.layers()}
    weights = {layer.name: d.weights(layer)[0] for layer, *_ in d.layers()}
    assert set(entries) == enabled == set(layers), (set(entries), enabled, set(layers))
    assert all(k in d.nodes for k, v in config.items() if isinstance(v, dict))
    for name, (quant, dequant) in layers.items():
        e, a = entries[name], attributes(quant)
        scale_d = np.float32(e.scale_d)
        assert np.float32(1) / scale_d == np.float32(a["scale"])
        assert e.offset_d == a["offset"]
        deq = d.constants[dequant.input[1]].astype(np.uint32).view(np.float32)
        assert np.array_equal(scale_d * np.array(e.scale_w, np.float32), deq)
        assert list(e.offset_w) == [0] * len(deq)
        assert e.act_type == a["dst_type"].decode() and e.wts_type == "INT%d" % bits[name]
        assert config[name]["activation_quant_params"]["num_bits"] == int(e.act_type[3:])
        assert config[name]["weight_quant_params"]["num_bits"] == bits[name]
        check_mask(masks.pop(name, None), weights[name])
    assert not masks, masks


# ---- Real models --------------------------------------------------------------------------------


def tensor_of(path):
    with open(path, "rb") as f:
        return numpy_helper.to_array(onnx.TensorProto.FromString(f.read()))


def check_backend_test(model, tool, work):
    """An ONNX backend test, exported as it is: valid, and ONNX Runtime gives what it gave before.
    Returns why it was not checked, else None."""
    folder, data = os.path.join(work, "float"), os.path.dirname(model) + "/test_data_set_0"
    done = subprocess.run([tool, "float", folder, model], capture_output=True, text=True)
    if done.returncode:
        return "not imported"
    path, original = folder + "/net_deploy_model.onnx", onnx.load(model)
    onnx.checker.check_model(path, full_check=True)
    feed = {v.name: tensor_of("%s/input_%d.pb" % (data, i))
            for i, v in enumerate(original.graph.input)
            if os.path.exists("%s/input_%d.pb" % (data, i))}
    if any(0 in v.shape for v in feed.values()):
        return "no elements"
    names = [v.name for v in original.graph.output]
    try:
        wanted = session(model).run(names, feed)
    except Exception:  # pylint: disable=broad-except
        return "ONNX Runtime does not run the original"
    ours = session(path)
    got = ours.run(names, {v.name: feed[v.name] for v in ours.get_inputs()})
    for a, b in zip(got, wanted):
        assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
        np.testing.assert_allclose(a.astype(np.float64), b.astype(np.float64), rtol=1e-4, atol=1e-5)
    return None


def check_backend_tests(shared, tool, work):
    models = sorted(glob.glob(shared + "/data/onnx_backend_tests/**/model.onnx", recursive=True))
    if not models:
        return "%s has no ONNX backend tests" % shared
    problems, checked = [], 0
    for model in models:
        try:
            checked += check_backend_test(model, tool, work) is None
        except Exception as e:  # pylint: disable=broad-except
            problems.append("%s: %s" % (model.split("/")[-2], str(e)[:300]))
    assert not problems, "\n".join(problems)
    assert checked > 0.9 * len(models), "only %d of %d were checked" % (checked, len(models))
    return None


# ---- TAP ----------------------------------------------------------------------------------------


def main():
    nets, tool, shared, work = sys.argv[1:]
    record_type = record_class()
    requantises = requantiser_works(work)
    number = 0

    def case(name, check, *args):
        nonlocal number
        number += 1
        try:
            skip = check(*args)
            print("ok %d - %s%s" % (number, name, " # SKIP " + skip if skip else ""))
        except Exception as e:  # pylint: disable=broad-except
            print("not ok %d - %s" % (number, name))
            for line in ("%s: %s" % (type(e).__name__, e)).splitlines():
                print("# " + line)
        sys.stdout.flush()

    for folder in sorted(glob.glob(nets + "/*")):
        name = os.path.basename(folder)
        case(name + ": deploy model's nodes", check_deploy, folder)
        case(name + ": deploy model's arithmetic", check_deploy_arithmetic, folder, work)
        case(name + ": fake model runs", check_runs, folder, "fake_quant")
        case(name + ": QDQ model runs", check_runs, folder, "qdq")
        if requantises:
            case(name + ": QDQ model's float layers are left alone", check_left_alone, folder)
        case(name + ": config and record", check_texts, folder, record_type)
    case("ONNX's backend tests are written as they are", check_backend_tests, shared, tool, work)
    if not requantises:
        print("# this ONNX Runtime requantises nothing: whether it leaves ours alone was not seen")
    print("1..%d" % number)


main()
