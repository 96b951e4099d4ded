// The sandbox's own JSON API.

async function answer(response) {
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

export const api = {
  get: async (path) => answer(await fetch(path)),
  post: async (path, body) => answer(await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })),
  upload: async (path, file) => {
    const form = new FormData();
    form.append("file", file);
    return answer(await fetch(path, { method: "POST", body: form }));
  },
};
