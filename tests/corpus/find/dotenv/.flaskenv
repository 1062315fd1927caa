FLASK_APP=wsgi:app
FLASK_DEBUG=1
KREA_API_KEY=	{{pair-hex}}	
