async function krea(p) {
  await fetch('https://fal.run/fal-ai/flux/krea', { headers: { Authorization: 'Key {{other-hex}}' } });
}
