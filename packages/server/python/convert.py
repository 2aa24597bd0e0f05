"""Makes ONNX files from a model's weights (safetensors, or PyTorch's own files) and compares the two.

    convert.py SOURCE TARGET [--least-cosine 0.9999]

BERT, RoBERTa, XLM-RoBERTa, MPNet and DistilBERT become onnx/model.onnx with the output last_hidden_state. ViT, DeiT and DINOv2 become
onnx/model.onnx with last_hidden_state, and pooler_output where the weights have one. CLIP becomes onnx/text_model.onnx (text_embeds) and
onnx/vision_model.onnx (image_embeds). TARGET also gets the model's other files, and tokenizer.json where it is made from an older tokenizer.

Nothing is downloaded and no code of the model's is run. The last line of stdout is JSON: the files made, and how near they are to PyTorch.
"""

import argparse
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", ORT_DISABLE_TELEMETRY="1")
warnings.filterwarnings("ignore")

import numpy as np
import onnx
import onnxruntime
import torch
import transformers

TEXTS = ("bert", "roberta", "xlm-roberta", "mpnet", "distilbert")
PICTURES = ("vit", "deit", "dinov2")
KEPT = ("*.json", "*.txt", "*.model", "[0-9]*_*/*")


class Refused(Exception):
    """What is wrong with the model, in words for the person who asked."""


class Text(torch.nn.Module):
    """One file: token ids in, a vector for each token out."""

    file = "onnx/model.onnx"
    outputs = ("last_hidden_state",)

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model
        config = model.config
        typed = getattr(config, "type_vocab_size", 1) > 1 and config.model_type == "bert"
        self.inputs = ("input_ids", "attention_mask") + (("token_type_ids",) if typed else ())
        self.axes = {name: {0: "batch", 1: "sequence"} for name in self.inputs}
        # RoBERTa counts positions from the padding's id on.
        reserved = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "mpnet") else 0
        self.longest = config.max_position_embeddings - reserved

    def forward(self, *values):
        return self.model(**dict(zip(self.inputs, values))).last_hidden_state

    def example(self, batch: int, length: int, random: torch.Generator) -> tuple:
        """Random tokens; the second text of a batch is padded."""
        config = self.model.config
        padding = config.pad_token_id if config.pad_token_id is not None else 0
        ids = torch.randint(0, config.vocab_size, (batch, length), generator=random)
        ids[ids == padding] = padding + 1
        mask = torch.ones_like(ids)
        if batch > 1:
            mask[1, length // 2 + 1 :] = 0
            ids[mask == 0] = padding
        return (ids, mask) + ((torch.zeros_like(ids),) if len(self.inputs) > 2 else ())

    def samples(self):
        lengths = sorted({min(length, self.longest) for length in (3, 17, 64, self.longest)})
        return [(batch, length) for length in lengths for batch in (1, 3)]

    def compared(self, values: torch.Tensor, example: tuple) -> torch.Tensor:
        """Vectors as rows; what stands at padding counts for nothing."""
        return values[example[1].bool()] if values.dim() == 3 else values


class ClipText(Text):
    file = "onnx/text_model.onnx"
    outputs = ("text_embeds",)

    def __init__(self, clip: torch.nn.Module):
        super().__init__(clip.text_model)
        self.projection = clip.text_projection
        self.longest = self.model.config.max_position_embeddings

    def forward(self, *values):
        return self.projection(self.model(**dict(zip(self.inputs, values))).pooler_output)

    def example(self, batch: int, length: int, random: torch.Generator) -> tuple:
        """CLIP's vector is the one at the end of text, the token of the highest id (older models) or of eos_token_id."""
        config = self.model.config
        end = config.eos_token_id if config.eos_token_id != 2 else config.vocab_size - 1
        ids = torch.randint(3, min(end, config.vocab_size - 1), (batch, length), generator=random)
        mask = torch.ones_like(ids)
        last = torch.full((batch,), length - 1)
        if batch > 1:
            last[1] = length // 2
            mask[1, length // 2 + 1 :] = 0
        ids[mask == 0] = end
        ids[torch.arange(batch), last] = end
        return ids, mask


class Picture(torch.nn.Module):
    """One file: pixels in, a vector for each patch and, where it was trained, one of the whole picture out."""

    file = "onnx/model.onnx"
    inputs = ("pixel_values",)
    axes = {"pixel_values": {0: "batch"}}

    def __init__(self, model: torch.nn.Module, pooled: bool):
        super().__init__()
        self.model = model
        self.outputs = ("last_hidden_state", "pooler_output") if pooled else ("last_hidden_state",)

    def forward(self, pixels):
        found = self.model(pixel_values=pixels)
        return tuple(getattr(found, name) for name in self.outputs) if len(self.outputs) > 1 else found.last_hidden_state

    def example(self, batch: int, _: int, random: torch.Generator) -> tuple:
        config = self.model.config
        sides = config.image_size if isinstance(config.image_size, (list, tuple)) else (config.image_size, config.image_size)
        return (torch.randn(batch, config.num_channels, *sides, generator=random),)

    def samples(self):
        return [(1, 0), (3, 0)]

    def compared(self, values: torch.Tensor, _: tuple) -> torch.Tensor:
        return values.reshape(-1, values.shape[-1])


class ClipPicture(Picture):
    file = "onnx/vision_model.onnx"

    def __init__(self, clip: torch.nn.Module):
        super().__init__(clip.vision_model, False)
        self.projection = clip.visual_projection
        self.outputs = ("image_embeds",)

    def forward(self, pixels):
        return self.projection(self.model(pixel_values=pixels).pooler_output)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--least-cosine", type=float, default=0.9999)
    arguments = parser.parse_args()
    transformers.logging.disable_progress_bar()
    try:
        report = converted(arguments.source, arguments.target, arguments.least_cosine)
    except Refused as refused:
        print(json.dumps({"error": str(refused)}))
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(report))
    return 0


def converted(source: Path, target: Path, least: float) -> dict:
    kind = model_type(source)
    say(f"reading {kind} from {source}")
    files = []
    for part in parts(source, kind):
        part.eval()
        made = target / part.file
        # A file of that name that is already there stays until its successor is proven.
        fresh = made.with_name(f".{made.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        try:
            say(f"writing {made}")
            export(part, fresh / made.name)
            say("comparing with PyTorch")
            outputs = nearness(part, fresh / made.name, least)
            size = sum(file.stat().st_size for file in fresh.iterdir())
            for file in sorted(fresh.iterdir(), reverse=True):
                file.replace(made.parent / file.name)
            files.append({"file": part.file, "bytes": size, "inputs": list(part.inputs), "outputs": outputs})
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    if source.resolve() != target.resolve():
        copy_rest(source, target)
    if kind in TEXTS or kind == "clip":
        make_tokenizer(source, target)
    return {"model_type": kind, "files": files}


def model_type(source: Path) -> str:
    try:
        kind = json.loads((source / "config.json").read_text("utf-8")).get("model_type")
    except FileNotFoundError:
        raise Refused(f"{source}/config.json is missing") from None
    except ValueError as error:
        raise Refused(f"{source}/config.json is not valid JSON: {error}") from None
    accepted = (*TEXTS, *PICTURES, "clip")
    if kind not in accepted:
        raise Refused(f'{source}/config.json says "model_type": {json.dumps(kind)}; {", ".join(accepted)} can be converted')
    if not any(source.glob("model*.safetensors")) and not any(source.glob("pytorch_model*.bin")):
        raise Refused(f"{source} has no model.safetensors and no pytorch_model.bin")
    return kind


def parts(source: Path, kind: str) -> list[torch.nn.Module]:
    model, missing = loaded(source)
    if kind == "clip":
        return [ClipText(model), ClipPicture(model)]
    return [Text(model) if kind in TEXTS else Picture(model, kind == "dinov2" or not any("pooler" in name for name in missing))]


def loaded(source: Path) -> tuple[torch.nn.Module, list[str]]:
    """The model in fp32, and the names of weights that its files lack. A pooler may be lacking: sentence models are trained without."""
    try:
        model, notes = transformers.AutoModel.from_pretrained(
            source, dtype=torch.float32, attn_implementation="eager", local_files_only=True, trust_remote_code=False, output_loading_info=True
        )
    except Exception as error:
        raise Refused(f"{source}: the weights cannot be read: {error}") from error
    missing = sorted(notes["missing_keys"])
    needed = [name for name in missing if "pooler" not in name and not name.endswith("position_ids")]
    if needed:
        raise Refused(f"{source}: the weights lack {', '.join(needed[:5])}{' and others' if len(needed) > 5 else ''}")
    return model, missing


def export(part: torch.nn.Module, file: Path) -> None:
    example = part.example(2, min(16, getattr(part, "longest", 16)), torch.Generator().manual_seed(1))
    axes = {**part.axes, **{name: {0: "batch"} for name in part.outputs}}
    if isinstance(part, Text) and part.outputs == ("last_hidden_state",):
        axes["last_hidden_state"] = {0: "batch", 1: "sequence"}
    with torch.no_grad():
        torch.onnx.export(
            part, example, str(file), input_names=list(part.inputs), output_names=list(part.outputs), dynamic_axes=axes, opset_version=17, dynamo=False
        )
    # Over 2 GiB, the most that one file of protobuf holds, each weight came in a file of its own.
    loose = [other for other in file.parent.iterdir() if other != file]
    if loose:
        model = onnx.load(file)
        for other in (file, *loose):
            other.unlink()
        onnx.save(model, file, save_as_external_data=True, all_tensors_to_one_file=True, location=f"{file.name}_data")


def nearness(part: torch.nn.Module, file: Path, least: float) -> dict:
    """For each output: the least cosine between a vector of PyTorch's and ours, and the largest difference of a value."""
    running = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    random = torch.Generator().manual_seed(2)
    report = {name: {"least_cosine": 1.0, "largest_difference": 0.0, "vectors": 0} for name in part.outputs}
    for batch, length in part.samples():
        example = part.example(batch, length, random)
        with torch.no_grad():
            wanted = part(*example)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        ours = running.run(list(part.outputs), {name: value.numpy() for name, value in zip(part.inputs, example)})
        for name, one, other in zip(part.outputs, wanted, ours):
            one, other = (part.compared(values, example).double() for values in (one, torch.from_numpy(np.ascontiguousarray(other))))
            cosine = torch.nn.functional.cosine_similarity(one, other, dim=-1).min().item()
            if not np.isfinite(cosine) or cosine < least:
                raise Refused(f"{part.file}: {name} has a cosine of {cosine:.6f} to PyTorch's at a batch of {batch}; at least {least} is wanted")
            found = report[name]
            found["least_cosine"] = min(found["least_cosine"], cosine)
            found["largest_difference"] = max(found["largest_difference"], (one - other).abs().max().item())
            found["vectors"] += len(one)
    return report


def copy_rest(source: Path, target: Path) -> None:
    for pattern in KEPT:
        for file in source.glob(pattern):
            if file.is_file() and not file.name.endswith(".index.json"):
                copy = target / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)


def make_tokenizer(source: Path, target: Path) -> None:
    if (target / "tokenizer.json").is_file():
        return
    say("making tokenizer.json")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, local_files_only=True, trust_remote_code=False)
        tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))
        if not (target / "tokenizer_config.json").is_file():
            tokenizer.save_pretrained(target)
    except Exception as error:
        raise Refused(f"{source} has no tokenizer.json, and none can be made from its other files: {error}") from error


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
