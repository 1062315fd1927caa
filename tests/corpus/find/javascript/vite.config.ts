import { defineConfig } from "vite";
export default defineConfig({
  define: {
    __KREA_KEY__: JSON.stringify("{{pair-base64}}"),
    "import.meta.env.VITE_KREA_TOKEN": '"{{pair-hex#2}}"',
    "process.env.KREA_SECRET": "'{{pair-base62#3}}'",
  },
});
