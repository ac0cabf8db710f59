package cost_test

import (
	"fmt"
	"strings"
	"time"
)

// basket is a shopping cart.
type basket struct {
	CartID   string       `json:"cart_id"`
	Customer string       `json:"customer_id"`
	Currency string       `json:"currency"`
	Country  string       `json:"ship_to"`
	Coupon   string       `json:"coupon,omitempty"`
	Lines    []basketLine `json:"lines"`
}

type basketLine struct {
	SKU      string    `json:"sku"`
	Title    string    `json:"title"`
	Variant  string    `json:"variant,omitempty"`
	Quantity int       `json:"quantity"`
	Cents    int       `json:"unit_price"`
	Image    string    `json:"image_url"`
	Added    time.Time `json:"added_at"`
	Gift     bool      `json:"gift"`
}

// goods are products, each with a title, a variant and a price.
var goods = strings.Split(strings.TrimSpace(`
Darjeeling First Flush, Margaret's Hope|100 g|1890
Stoneware Teapot with Cane Handle|celadon|6450
Double-Walled Glass Cups, Set of Two||2400
Cast Iron Trivet, Arare Pattern|black|1975
Bamboo Whisk, 80 Prongs||1620
Ceremonial Matcha from Uji|30 g tin|2950
Linen Tea Towel, Herringbone|indigo|1250
Digital Kitchen Scale, 0.1 g Steps||3899
Oolong Dong Ding, Medium Roast|50 g|1480
Walnut Serving Tray|large|5200
Gooseneck Kettle 0.9 l|matt white|8990
Paper Filters, Unbleached|100 pieces|540
Acacia Honey from the Carpathians|250 g|899
Hojicha, Roasted in Kyoto|80 g|1140
Porcelain Gaiwan, Hand-Painted|120 ml|3425
Silver-Plated Sugar Tongs||1799
Rooibos with Orange Peel|loose, 200 g|745
Travel Infuser Bottle|borosilicate, 350 ml|2695
Cotton Apron with Two Pockets|ochre|3150
Shortbread Petticoat Tails|tin, 400 g|1090
Earl Grey, Calabrian Bergamot|20 pyramid bags|685
Enamel Storage Jar|sage, 1.5 l|2280
Books: The Life of Tea|hardcover|3499
Beeswax Wraps, Assorted|3 sizes|1590
Lapsang Souchong, Pine-Smoked|75 g|1320
Copper Measuring Spoon||980
Wool Tea Cosy, Cable Knit|oatmeal|2850
Peppermint, Whole Leaf|60 g|610
Yixing Clay Teapot|zhu ni, 150 ml|12800
Descaler for Kettles|500 ml|695
Ginger Biscuits, Dark Chocolate|150 g|525
Timer in the Shape of an Egg|yellow|1150
Assam Mangalam, Second Flush|125 g|1545
Reusable Muslin Bags|set of 6|830
Sencha Fukamushi from Shizuoka|100 g|2160
Gift Box with Ribbon|medium|450
Marble Mortar and Pestle|13 cm|3975
Chai Spice Blend, Unsweetened|90 g|970
Ash Wood Tea Scoop|engraved|1385
White Peony, Fuding|40 g|1725
`), "\n")

// newBasket returns a cart of n different lines.
func newBasket(n int) basket {
	b := basket{CartID: uuid("cart"), Customer: uuid("user"), Currency: "EUR", Country: "AT", Coupon: "SPRING-TEA-10"}
	at := moment.Add(-50 * time.Minute)
	for i, g := range goods[:n] {
		d := digest("sku", i)
		parts := strings.Split(g, "|")
		at = at.Add(time.Duration(7+int(d[0])*int(d[1])%97)*time.Second + time.Duration(d[2])*time.Millisecond)
		l := basketLine{
			SKU:      strings.ToUpper(d[3:6]) + "-" + fmt.Sprint(10000+i*7919%89999),
			Title:    parts[0],
			Variant:  parts[1],
			Quantity: 1 + i*i%3,
			Image:    "https://img.teahouse.example/p/" + d[8:20] + "/640.webp",
			Added:    at,
			Gift:     i%9 == 4,
		}
		fmt.Sscan(parts[2], &l.Cents)
		b.Lines = append(b.Lines, l)
	}
	return b
}
