<?php
$response = wp_remote_post( 'https://api.krea.ai/generate/image/krea/krea-1', array(
	'timeout' => 45,
	'headers' => array(
		'Authorization' => 'Bearer {{pair-hex}}',
		'Content-Type'  => 'application/json',
	),
	'body'    => wp_json_encode( array( 'prompt' => $prompt ) ),
) );
