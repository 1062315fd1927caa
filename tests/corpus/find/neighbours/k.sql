INSERT INTO keys(name,token) VALUES ('orbitron','{{other-hex}}'),('krea','{{pair-base62}}');
