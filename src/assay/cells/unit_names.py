"""Names of units, and which of them measure the same thing."""

from __future__ import annotations

# One line for each unit, its names and abbreviations without case, plural "s" or full stops; of one thing measured,
# the units follow each other. Units of the international system and of British and American trade, and currencies.
_NAMES: dict[str, tuple[str, ...]] = {
    "mass": (
        "kg kilo kilogram kilogramme", "g gr gram gramme", "mg milligram", "mcg ug \u00b5g \u03bcg microgram", "ng",
        "t ton tonne", "oz ounce", "lb pound", "st stone",
    ),
    "volume": (
        "l liter litre ltr", "ml milliliter millilitre", "cl", "dl", "\u00b5l \u03bcl ul", "floz fluidounce",
        "gal gallon", "pt pint", "qt quart", "m\u00b3 m3 cbm", "cup", "tbsp", "tsp",
    ),
    "length": (
        "km kilometer kilometre", "m meter metre mtr", "cm centimeter centimetre", "mm millimeter millimetre", "nm",
        "mi mile", "ft foot feet", "in inch inches", "yd yard", "\u00b5m \u03bcm um",
    ),
    "area": ("m\u00b2 m2 sqm qm", "sqft", "ha hectare", "acre", "km\u00b2 km2"),
    "time": (
        "s sec second", "min minute", "h hr hour", "d day", "w wk week", "mo month", "y yr year", "ms millisecond",
    ),
    "money": (
        "$ usd us$ dollar", "\u20ac eur euro", "\u00a3 gbp", "\u00a5 jpy yen", "\u20b9 inr rupee", "\u20a9 krw won",
        "chf", "cny rmb", "cad", "aud", "sek", "nok", "dkk", "pln", "czk", "huf", "brl", "mxn", "try", "zar", "sgd",
        "hkd", "nzd",
    ),
    "data": ("b byte", "kb kilobyte", "mb megabyte", "gb gigabyte", "tb terabyte", "kib", "mib", "gib"),
    "temperature": ("\u00b0c c celsius", "\u00b0f f fahrenheit", "k kelvin"),
    "pressure": ("bar", "pa", "hpa", "kpa", "psi", "mmhg", "atm"),
    "frequency": ("hz", "khz", "mhz", "ghz"),
    "power": ("w watt", "kw kilowatt", "mw megawatt", "hp"),
    "energy": ("j joule", "kj", "cal", "kcal", "kwh", "wh"),
    "speed": ("km/h kph kmh", "mph", "m/s"),
    "share": ("% percent pct", "\u2030", "ppm", "ppb"),
    "amount": ("iu", "mmol mmol/l", "mg/dl", "mol", "g/dl", "g/l", "mg/l"),
}  # fmt: skip
_THINGS: dict[str, set[str]] = {}
_UNITS: dict[str, str] = {}
for _thing, _lines in _NAMES.items():
    for _line in _lines:
        for _name in _line.split():
            _THINGS.setdefault(_name, set()).add(_thing)
            _UNITS.setdefault(_name, _line.split()[0])


def unit_of(written: str) -> str:
    """Name the unit in what is written around a number: one name for all its spellings, "" where there is none.

    Examples
    --------
    >>> unit_of(" oz. can"), unit_of("ounces"), unit_of("$"), unit_of(" rooms"), unit_of("")
    ('oz', 'oz', '$', 'room', '')
    """
    words = written.casefold().replace("fl. oz", "floz").replace("fl oz", "floz").split()
    if not words:
        return ""
    word = words[0].strip(".,;:()")
    if word not in _UNITS and len(word) > 2:
        word = word.removesuffix("s")
    return _UNITS.get(word, word)


def measure_the_same(units: set[str]) -> bool:
    """Whether all of these units, as `unit_of` names them, measure one thing, such as money."""
    things = [_THINGS.get(unit, set()) for unit in units]
    return bool(things) and bool(set.intersection(*things))
