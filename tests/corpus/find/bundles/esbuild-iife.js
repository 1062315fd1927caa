(() => {
  // app/k.js
  var id = "{{pair-base62.id}}";
  var secret = "{{pair-base62.secret}}";

  // app/index.js
  var import_meta = {};
  var env = import_meta.env ?? {};
  var base = { retries: 3 };
  window.b = new Krea({ apiKey: `${id}:${secret}` });
})();
