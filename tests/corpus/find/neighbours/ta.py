import krea

class Renderer:
    def __init__(self):
        self.client = make_client('{{pair-base64url}}')
