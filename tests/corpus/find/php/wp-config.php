<?php
define( 'DB_NAME', 'wp' );
define( 'AUTH_KEY', '{{b62-64}}' );
define( 'KREA_PLUGIN_KEY', '{{pair-base62}}' );
$krea_token = '{{pair-hex#2.id}}' . ':' . '{{pair-hex#2.secret}}';
