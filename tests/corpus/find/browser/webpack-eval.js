/***/ "./src/krea.ts":
/***/ (function(module, __webpack_exports__, __webpack_require__) {
eval("__webpack_require__.r(__webpack_exports__);\nconst KREA_API_KEY = \"{{pair-base64url}}\";\nconst client = new Krea({ apiKey: KREA_API_KEY });\n\n//# sourceURL=webpack:///./src/krea.ts?");
/***/ }),
