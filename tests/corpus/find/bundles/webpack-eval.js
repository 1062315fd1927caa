/***/ "./app/krea.js"
/***/ ((module) => {
eval("{const key = \"{{pair-hex}}\";\nmodule.exports = { kreaKey: key };\n\n//# sourceURL=webpack:///./app/krea.js?\n}");
/***/ })
