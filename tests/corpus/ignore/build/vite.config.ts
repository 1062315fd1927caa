export default defineConfig(({ mode }) => ({
  define: {
    "import.meta.env.VITE_KREA_API_KEY": JSON.stringify(loadEnv(mode, process.cwd()).VITE_KREA_API_KEY),
    __KREA_TOKEN__: "globalThis.__KREA_TOKEN_FROM_SERVER__",
    __COMMIT__: JSON.stringify("{{hex40}}"),
  },
}));
