// server/krea.js
export async function generate(prompt) {
  const res = await fetch('https://api.krea.ai/generate/image/bfl/flux-1-dev', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: 'Bearer {{pair-hex}}',
    },
    body: JSON.stringify({ prompt, width: 1024, height: 1024 }),
  });
  if (!res.ok) throw new Error(`krea: ${res.status}`);
  return res.json();
}
