"""Makes the small JPEG files of this folder, and beside each what Pillow decodes of it, as PNG.

    python3 tests/images/make.py

Needs Pillow. The pictures are closed formulas; tests compare what Jackpot decodes with the PNGs.
"""

import math
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
SIZE = 64


def picture():
    image = Image.new("RGB", (SIZE, SIZE))
    for y in range(SIZE):
        for x in range(SIZE):
            red = int(255 * x / (SIZE - 1))
            green = int(127.5 + 127.5 * math.sin(x * y / 90))
            blue = 220 if (x - 32) ** 2 + (y - 32) ** 2 < 300 else 40
            image.putpixel((x, y), (red, green, blue))
    return image


def save(name, image, **options):
    path = HERE / f"{name}.jpg"
    image.save(path, "JPEG", **options)
    Image.open(path).convert("RGB").save(HERE / f"{name}.png", optimize=True)


colour = picture()
save("colour", colour, quality=75)
save("sharp", colour, quality=90, subsampling=0)
save("progressive", colour, quality=75, progressive=True)
save("grey", colour.convert("L"), quality=75)
save("cmyk", colour.convert("CMYK"), quality=75)
save("odd", colour.crop((0, 0, 53, 37)), quality=75)
