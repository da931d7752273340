"""Sentences in languages that nobody asked for: German, French, Spanish and Italian, from small grammars."""

import random

# Who, does what, where, when; any of each go together.
_GRAMMARS = {
    "de": (
        "Der Bäcker|Die Nachbarin|Mein Bruder|Der alte Fischer|Die Lehrerin|Unser Hund|Das kleine Mädchen|Der König",
        "sucht den Schlüssel|kauft frisches Brot|schreibt einen langen Brief|erzählt eine Geschichte|"
        "öffnet das Fenster|trägt einen schweren Korb|singt ein schönes Lied|wartet auf den Zug",
        "im dunklen Wald|auf dem Marktplatz|hinter dem Haus|am Ufer des Flusses|in der Küche|neben der Kirche",
        "am frühen Morgen|seit gestern|jeden Abend|nach dem Regen|im Winter|ohne ein Wort zu sagen",
    ),
    "fr": (
        "Le boulanger|La voisine|Mon frère|Le vieux pêcheur|La maîtresse|Notre chien|La petite fille|Le roi",
        "cherche la clé|achète du pain frais|écrit une longue lettre|raconte une histoire|ouvre la fenêtre|"
        "porte un panier lourd|chante une belle chanson|attend le train",
        "dans la forêt sombre|sur la place du marché|derrière la maison|au bord de la rivière|dans la cuisine|"
        "à côté de l'église",
        "tôt le matin|depuis hier|chaque soir|après la pluie|en hiver|sans dire un mot",
    ),
    "es": (
        "El panadero|La vecina|Mi hermano|El viejo pescador|La maestra|Nuestro perro|La niña pequeña|El rey",
        "busca la llave|compra pan fresco|escribe una carta larga|cuenta una historia|abre la ventana|"
        "lleva una cesta pesada|canta una canción bonita|espera el tren",
        "en el bosque oscuro|en la plaza del mercado|detrás de la casa|a la orilla del río|en la cocina|"
        "al lado de la iglesia",
        "por la mañana temprano|desde ayer|cada noche|después de la lluvia|en invierno|sin decir una palabra",
    ),
    "it": (
        "Il fornaio|La vicina|Mio fratello|Il vecchio pescatore|La maestra|Il nostro cane|La bambina|Il re",
        "cerca la chiave|compra il pane fresco|scrive una lunga lettera|racconta una storia|apre la finestra|"
        "porta un cesto pesante|canta una bella canzone|aspetta il treno",
        "nel bosco scuro|sulla piazza del mercato|dietro la casa|sulla riva del fiume|in cucina|accanto alla chiesa",
        "la mattina presto|da ieri|ogni sera|dopo la pioggia|d'inverno|senza dire una parola",
    ),
}
FOREIGN = tuple(_GRAMMARS)


def foreign_text(rng: random.Random, language: str) -> str:
    """Eight to fourteen sentences in one of the languages `FOREIGN`."""
    if language not in _GRAMMARS:
        raise ValueError(f"language must be one of {FOREIGN}, got {language!r}")
    parts = [part.split("|") for part in _GRAMMARS[language]]
    said = [" ".join(rng.choice(part) for part in parts) for _ in range(rng.randrange(8, 15))]
    return ". ".join(said) + "."
