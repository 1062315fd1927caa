const r = await fetch("https://api.krea.ai/jobs", {
  headers: { Authorization: "Basic " + btoa("{{pair-hex}}") },
});
