"""What one would write in place of an embedding server: fastembed behind uvicorn. Arguments: model directory, port, threads."""
import sys
from typing import List

import uvicorn
from fastapi import Body, FastAPI
from fastembed import TextEmbedding

directory, port, threads = sys.argv[1:]
model = TextEmbedding("sentence-transformers/all-MiniLM-L6-v2", specific_model_path=directory, threads=int(threads))
app = FastAPI()


@app.post("/v1/embed")
def embed(text: str = Body(embed=True)):
    return {"embedding": next(iter(model.embed([text]))).tolist()}


@app.post("/embed/batch")
def embed_batch(texts: List[str] = Body(embed=True)):
    return {"embeddings": [vector.tolist() for vector in model.embed(texts, batch_size=len(texts))]}


# A connection outlives the turns of the other sides, which take more than uvicorn's 5 s on a slow machine.
uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", timeout_keep_alive=600)
