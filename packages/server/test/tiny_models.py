"""Writes a tiny model with random weights for each architecture that `voisin models convert` takes: tiny_models.py FOLDER."""

import json
import os
import sys
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")

import torch
import transformers as t

folder = Path(sys.argv[1])
torch.manual_seed(7)
shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
text = {**shape, "vocab_size": 64, "max_position_embeddings": 40}
picture = {**shape, "image_size": 32, "patch_size": 8}
clip_text = {**text, "eos_token_id": 63, "bos_token_id": 62, "pad_token_id": 1, "max_position_embeddings": 24}

models = {
    "bert": t.BertModel(t.BertConfig(**text), add_pooling_layer=False),
    "roberta": t.RobertaModel(t.RobertaConfig(**text)),
    "xlm-roberta": t.XLMRobertaModel(t.XLMRobertaConfig(**text), add_pooling_layer=False),
    "mpnet": t.MPNetModel(t.MPNetConfig(**text)),
    "distilbert": t.DistilBertModel(
        t.DistilBertConfig(vocab_size=64, max_position_embeddings=40, dim=32, n_layers=2, n_heads=2, hidden_dim=48)
    ),
    "vit": t.ViTModel(t.ViTConfig(**picture)),
    "deit": t.DeiTModel(t.DeiTConfig(**picture), add_pooling_layer=False),
    "dinov2": t.Dinov2Model(t.Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8)),
    "clip": t.CLIPModel(t.CLIPConfig(text_config=clip_text, vision_config=picture, projection_dim=16)),
}
# [PAD] has the id that the architecture expects; every letter is a word.
letters = [f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"] + list("abcdefghijklmnopqrstuvwxyz")
vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters
tokenizer = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {word: at for at, word in enumerate(vocabulary)}, "unk_token": "[UNK]"},
}
for name, model in models.items():
    directory = folder / name
    # One of them as PyTorch's own file.
    if name == "distilbert":
        directory.mkdir(parents=True)
        model.config.save_pretrained(directory)
        torch.save(model.state_dict(), directory / "pytorch_model.bin")
    else:
        model.save_pretrained(directory)
    if "image_size" not in model.config.to_dict():
        # The old form of a tokenizer for BERT, of which tokenizer.json is made; the new one for the others.
        if name == "bert":
            (directory / "vocab.txt").write_text("\n".join(vocabulary))
        else:
            (directory / "tokenizer.json").write_text(json.dumps(tokenizer))
        (directory / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 40, "tokenizer_class": "BertTokenizer"}))
