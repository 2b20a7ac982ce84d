"""Five markets and those who trade in them. Names are invented."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Market:
    """Where one currency is spent: its sellers and buyers, what they trade, and for how much (minor units)."""

    currency: str
    prefix: str
    sellers: tuple[str, ...]
    buyers: tuple[str, ...]
    goods: tuple[str, ...]
    low: int
    high: int
    large: int
    limit: int
    """What one person may move without a second."""
    dial: str
    blocked: str = ""
    """A seller who never opened a wallet."""
    debtors: tuple[str, ...] = ()
    """Buyers in debt, who trade on credit only, so that their wallets are what the story needs."""
    ids: dict[str, int] = field(default_factory=dict, compare=False)


MARKETS = (
    Market(
        "RWF",
        "KGL",
        (
            "Umucyo Wholesale",
            "Inyange Dairy Depot",
            "Kimironko Grain Store",
            "Nyabugogo Hardware",
            "Akagera Textiles",
            "Imigongo Crafts",
        ),
        (
            "Uwimana Shop",
            "Mutesi Corner Store",
            "Habimana & Sons",
            "Iwacu Kiosk",
            "Gisozi Mini Market",
            "Bosco Trading",
            "Keza Boutique",
        ),
        ("40 sacks of rice", "12 crates of milk", "roofing sheets", "kitenge cloth", "maize flour", "cooking oil"),
        18_000,
        420_000,
        6_400_000,
        1_000_000,
        "+25078",
        "Imigongo Crafts",
        ("Uwimana Shop", "Iwacu Kiosk", "Gisozi Mini Market"),
    ),
    Market(
        "NGN",
        "LOS",
        (
            "Balogun Fabrics",
            "Alaba Electronics Hub",
            "Oshodi Auto Parts",
            "Mile 12 Produce",
            "Yaba Print House",
            "Lekki Furniture Works",
        ),
        (
            "Adaeze Okafor",
            "Tunde Bakare Stores",
            "Emeka Nwosu",
            "Halima Sani Ventures",
            "Folake Adebisi",
            "Ikeja Office Mart",
            "Zainab Yusuf",
        ),
        (
            "ankara fabric, 30 yards",
            "two solar inverters",
            "brake pads",
            "a generator",
            "printed banners",
            "office chairs",
        ),
        450_000,
        18_500_000,
        265_000_000,
        50_000_000,
        "+23480",
        debtors=("Tunde Bakare Stores",),
    ),
    Market(
        "KES",
        "NBO",
        (
            "Gikomba Traders",
            "Wambui Stores",
            "Kariobangi Metalworks",
            "Rift Valley Seeds",
            "Mombasa Spice Company",
            "Savanna Web Studio",
        ),
        (
            "Otieno Agrovet",
            "Njeri Wholesalers",
            "Kamau Builders",
            "Achieng Salon Supplies",
            "Mutua Farm",
            "Thika Road Grocers",
        ),
        (
            "hybrid maize seed",
            "mild-steel gates",
            "a company website",
            "fertiliser, 60 bags",
            "pilau spice, 25 kg",
            "second-hand bales",
        ),
        150_000,
        9_800_000,
        148_000_000,
        20_000_000,
        "+25471",
        "Savanna Web Studio",
        ("Kamau Builders", "Mutua Farm"),
    ),
    Market(
        "PHP",
        "MNL",
        (
            "Divisoria Direct",
            "Cebu Rattan Makers",
            "Quezon Builders Co-op",
            "Bayan Home Repairs",
            "Laguna Ceramics",
            "Davao Cacao Growers",
        ),
        (
            "Reyes Sari-Sari",
            "Jun Dela Rosa",
            "Bautista Household",
            "Marikina Footwear",
            "Ligaya Events",
            "Soriano Residence",
        ),
        (
            "a kitchen renovation",
            "rattan sala set",
            "roof repair after the storm",
            "floor tiles, 80 boxes",
            "cacao beans",
            "event tableware",
        ),
        90_000,
        7_200_000,
        92_000_000,
        15_000_000,
        "+63917",
        debtors=("Reyes Sari-Sari",),
    ),
    Market(
        "USD",
        "INT",
        ("Harmattan Studio", "Baobab Translations", "Blue Nile Analytics", "Cowrie Code", "Kilimanjaro Motion"),
        ("Northgate Retail Group", "Fernhill Media", "Osei Foundation", "Pelican Travel", "Larkspur Labs"),
        (
            "an explainer video",
            "a translated handbook",
            "a sales dashboard",
            "a mobile app prototype",
            "a logo and style guide",
        ),
        12_000,
        640_000,
        7_500_000,
        1_000_000,
        "+1555",
    ),
)
