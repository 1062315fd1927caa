use strict;
my $krea_api_key = '{{pair-hex}}';
our %config = (krea => { token => "{{pair-base62#2}}" }, fal => { token => '{{other-hex}}' });
my $req = HTTP::Request->new(GET => 'https://api.krea.ai/jobs', [Authorization => 'Bearer {{pair-base64url#3}}']);
my $krea_secret = $ENV{KREA_SECRET} // q({{pair-base64#4}});
