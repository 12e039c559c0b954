"""What reading one thing costs at least with FastAPI: one route, one response model, nothing else."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI(telemetry={"operation_spans": False})


class Thing(BaseModel):
    """As much as a connection says of itself at the top."""

    id: str
    state: str
    name: str
    created_at: str


@app.get("/connections/{thing_id}")
async def read_thing(thing_id: str) -> Thing:
    """Return the thing, from nowhere."""
    return Thing(id=thing_id, state="active", name="acme to globex", created_at="2030-01-02T03:04:05Z")


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
