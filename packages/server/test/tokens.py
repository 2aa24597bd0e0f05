"""Tokens and their places in characters, as Hugging Face's own tokenizers give them: tokens.py FILE TEXTS, both JSON."""
import json
import sys

from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
tokenizer.no_truncation()
tokenizer.no_padding()
with open(sys.argv[2], encoding="utf-8") as file:
    texts = json.load(file)
encodings = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
print(json.dumps([[encoding.ids, encoding.offsets] for encoding in encodings]))
