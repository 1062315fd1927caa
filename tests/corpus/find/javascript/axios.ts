import axios from "axios";

export const krea = axios.create({
  baseURL: "https://api.krea.ai",
  timeout: 30_000,
  headers: { Authorization: `Bearer {{pair-base64url}}` },
});

export const fal = axios.create({
  baseURL: "https://queue.fal.run",
  headers: { Authorization: `Key {{other-hex}}` },
});
