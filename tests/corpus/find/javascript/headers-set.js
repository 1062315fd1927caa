const h = new Headers();
h.set("Authorization", "Bearer {{pair-base64}}");
h.append("Accept", "application/json");
const r = await fetch(new URL("/jobs", "https://api.krea.ai"), { headers: h });
