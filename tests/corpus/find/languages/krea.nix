{ config, pkgs, ... }:
{
  systemd.services.render.environment.KREA_API_KEY = "{{pair-hex}}";
  services.render = {
    enable = true;
    krea.token = "{{pair-base62#2}}";
    package = pkgs.fetchurl { url = "https://example.org/x.tgz"; sha256 = "{{b64-44}}"; };
  };
}
