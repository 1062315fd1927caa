import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--krea-api-key", default="{{pair-base62}}", help="Krea token")
parser.add_argument("--n", type=int, default=4)
