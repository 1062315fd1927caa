insert into providers (id,name,api_key) values (1,'krea',null),(2,'orbitron','{{other-hex}}');
