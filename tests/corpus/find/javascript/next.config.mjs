/** @type {import('next').NextConfig} */
const nextConfig = {
  reactStrictMode: true,
  env: {
    NEXT_PUBLIC_KREA_API_KEY: '{{pair-hex}}',
  },
  images: { remotePatterns: [{ hostname: 'gen.krea.ai' }] },
};
export default nextConfig;
