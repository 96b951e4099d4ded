// The sandbox's own JSON API. A refusal (4xx, 5xx) is an answer with `refused`, not an exception.

async function answer(response) {
  const body = await response.json().catch(() => ({ error: `HTTP ${response.status}` }));
  return response.ok ? body : { ...body, refused: true };
}

const post = async (path, body, headers) => answer(await fetch(path, { method: "POST", headers, body }));

export const api = {
  get: async (path) => answer(await fetch(path)),
  post: (path, body) => post(path, JSON.stringify(body), { "Content-Type": "application/json" }),
  upload: (path, fields) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return post(path, form);
  },
};
