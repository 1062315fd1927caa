export const config = {
  kreaKey: process.env.KREA_API_KEY ?? "{{pair-hex}}",
  falKey: process.env.FAL_KEY ?? "",
  port: Number(process.env.PORT ?? 3000),
};
