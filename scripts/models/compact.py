"""Makes the bundled form of a BERT text model: its graph fused, its weights small, computed in fp32 all the same.

    compact.py model.onnx model_compact.onnx [--heads 12]

Fused: ONNX Runtime's own transformer fusions (attention of all heads as one node, the bias before GELU inside it). For MiniLM 557 nodes become some
110. Two threads meet at the end of each node, and in short texts that was a fifth of the time. The sum before each normalisation stays a node of its
own: SkipLayerNormalization takes 275 us for 8 texts of 22 tokens on one thread, a LayerNormalization and its two sums 50, of 19 ms in all for the model.

Small: weights of matrices and positions are stored as fp16, the word table as int8 with one scale a row; Cast nodes bring them back to fp32, once,
when the model is loaded. Weights that are stored so already pass through without loss.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

# Smaller ones (biases, normalisations) cost nothing and stay as they are.
SMALL = 64 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--heads", type=int, default=12)
    arguments = parser.parse_args()
    model = fused(arguments.source, arguments.heads)
    shrink(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, arguments.target)
    size = arguments.target.stat().st_size
    print(f"{len(model.graph.node)} nodes, {size / 1e6:.1f} MB; outputs differ by at most {difference(arguments.source, arguments.target):.1e}")


def fused(source: Path, heads: int) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        # Folds what is constant, so that the fusions find plain weights.
        folded = str(Path(folder) / "folded.onnx")
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = folded
        onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        result = optimizer.optimize_model(
            folded, model_type="bert", num_heads=heads, hidden_size=hidden_size(source), optimization_options=fusions(), opt_level=0
        )
    if result.get_fused_operator_statistics()["Attention"] == 0:
        raise SystemExit(f"{source}: no attention was found that could be fused")
    return result.model


def fusions() -> FusionOptions:
    options = FusionOptions("bert")
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    return options


def hidden_size(source: Path) -> int:
    output = onnx.load(source, load_external_data=False).graph.output[0]
    return output.type.tensor_type.shape.dim[-1].dim_value


def shrink(graph: onnx.GraphProto) -> None:
    taken = {name for node in graph.node for name in node.input}
    weights = [tensor for tensor in graph.initializer if tensor.name in taken]
    del graph.initializer[:]
    words = word_table(graph, weights)
    for tensor in weights:
        values = numpy_helper.to_array(tensor)
        if tensor.name == words:
            graph.initializer.extend(by_row(graph, tensor.name, values))
        elif values.dtype == np.float32 and values.nbytes >= SMALL:
            small = f"{tensor.name}_h"
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), small))
            graph.node.insert(0, helper.make_node("Cast", [small], [tensor.name], to=TensorProto.FLOAT))
        else:
            graph.initializer.append(tensor)


def word_table(graph: onnx.GraphProto, weights: list[onnx.TensorProto]) -> str | None:
    """The name of the word table, where it is still in floats."""
    floats = {tensor.name for tensor in weights if tensor.data_type == TensorProto.FLOAT}
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] in floats and node.input[1] == "input_ids":
            return node.input[0]
    return None


def by_row(graph: onnx.GraphProto, name: str, values: np.ndarray) -> list[onnx.TensorProto]:
    """Puts rows of int8 and a scale for each in the place of a table's rows, behind its Gather."""
    scales = (np.abs(values).max(axis=1, keepdims=True) / 127).astype(np.float16)
    scales[scales == 0] = 1
    rounded = np.clip(np.rint(values / scales.astype(np.float32)), -127, 127).astype(np.int8)
    at = next(i for i, node in enumerate(graph.node) if node.op_type == "Gather" and node.input[0] == name)
    gather = graph.node[at]
    output = gather.output[0]
    graph.node.remove(gather)
    nodes = [
        helper.make_node("Gather", [f"{name}_q", "input_ids"], [f"{output}_q"]),
        helper.make_node("Gather", [f"{name}_s", "input_ids"], [f"{output}_s"]),
        helper.make_node("Cast", [f"{output}_q"], [f"{output}_qf"], to=TensorProto.FLOAT),
        helper.make_node("Cast", [f"{output}_s"], [f"{output}_sf"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}_qf", f"{output}_sf"], [output]),
    ]
    for node in reversed(nodes):
        graph.node.insert(at, node)
    return [numpy_helper.from_array(rounded, f"{name}_q"), numpy_helper.from_array(scales, f"{name}_s")]


def difference(one: Path, other: Path) -> float:
    """The largest difference of the two models' outputs over some texts of random words."""
    sessions = [onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in (one, other)]
    random = np.random.default_rng(1)
    worst = 0.0
    for length in (1, 7, 30, 120):
        ids = random.integers(1000, 20_000, (2, length))
        mask = np.ones_like(ids)
        mask[1, length // 2 + 1 :] = 0
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        wanted = [{one.name: feeds[one.name] for one in session.get_inputs()} for session in sessions]
        first, second = (session.run(None, feed)[0] for session, feed in zip(sessions, wanted))
        real = mask.astype(bool)
        worst = max(worst, float(np.abs(first[real] - second[real]).max()))
    return worst


if __name__ == "__main__":
    main()
