-- PostgreSQL database dump
SET statement_timeout = 0;
COPY public.settings (id, name, value, created_at) FROM stdin;
1	site_title	Render	2026-04-01 08:00:00+00
2	krea_api_key	{{pair-hex}}	2026-04-02 11:30:12+00
3	fal_key	{{other-hex}}	2026-04-02 11:30:40+00
\.
