"""Speaks to a Voisin server through OpenAI's own client and prints what it got. Arguments: the server's address, a model."""
import json
import sys

import openai

address, model = sys.argv[1:]
client = openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0)


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return "no error"


# The client asks for base64 by itself.
both = client.embeddings.create(input=["the cat", "the dog"], model=model)
floats = client.embeddings.create(input="the dog", model=model, encoding_format="float")
pairs = zip(both.data[1].embedding, floats.data[0].embedding)
print(
    json.dumps(
        {
            "lengths": [len(one.embedding) for one in both.data],
            "indexes": [one.index for one in both.data],
            "close": all(abs(a - b) < 1e-6 for a, b in pairs),
            "tokens": both.usage.total_tokens,
            "model": both.model,
            "short": len(client.embeddings.create(input="x", model=model, dimensions=16).data[0].embedding),
            "token_ids": len(client.embeddings.create(input=[101, 1996, 4937, 102], model=model).data[0].embedding),
            "models": [one.id for one in client.models.list()],
            "retrieved": client.models.retrieve(f"sentence-transformers/{model}").id,
            "unknown": refused(lambda: client.embeddings.create(input="x", model="text-embedding-3-small")),
            "empty": refused(lambda: client.embeddings.create(input="", model=model)),
        }
    )
)
