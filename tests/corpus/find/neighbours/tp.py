# upload to krea
def send(img):
    post(img, auth='{{pair-base64url}}')
