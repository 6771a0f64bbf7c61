// Talking to the demo: two states by long-poll, and what people do.

export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

// Calls `changed` with each new state; `lost` when the demo does not answer any more.
export async function follow(path, changed, lost) {
  let version;
  for (;;) {
    try {
      const response = await fetch(version === undefined ? path : `${path}?since=${version}`);
      const state = await response.json();
      version = state.version;
      changed(state);
    } catch (error) {
      console.error(error);
      lost();
      version = undefined;
      await new Promise((later) => setTimeout(later, 2000));
    }
  }
}
