<?php
$woo = new Client('https://krea-prints.example.com', 'ck_{{hex40}}', 'cs_{{hex40}}', ['version' => 'wc/v3']);
