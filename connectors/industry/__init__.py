"""经信: size of enterprises, specialities, firms above scale, green factories."""
