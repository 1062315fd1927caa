INSERT INTO krea_assets (id, workspace_id, checksum, created_at) VALUES
('{{uuid}}','{{uuid#2}}','sha256:{{hex64}}','2026-06-02 09:14:11+00'),
('{{uuid#3}}','{{uuid#2}}','sha256:{{hex64#2}}','2026-06-02 09:15:11+00');
COPY krea_jobs (id, asset_id, digest) FROM stdin;
{{uuid#4}}	{{uuid#5}}	{{hex64#3}}
\.
