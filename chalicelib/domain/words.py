"""The words of session ids: neutral ones of nature, weather, colour, music and craft.

Session ids are read out in rooms and printed on slides, and any adjective may meet any noun. So a
word stays out when it, or a pair that it could be part of, can be taken as an insult, or as a hint
at a body, sex, illness, drink, faith, party, war or origin. Adjectives of size, age, skin colour
and courage are left out for their pairs; so are animals that people are called by.
"""

ADJECTIVES = tuple(
    """
    accurate acoustic agile alpine amber amiable amusing animated arctic artful artistic
    attentive autumnal azure balanced boreal breezy bright brisk bronze buoyant burnished calm
    calming careful carved cedar charming cheerful chiming citrus classic clear coastal cobalt
    coherent colorful composed concise constant copper coral cordial cosmic cozy crafted
    creative crisp crystal curious dancing dappled dazzling deft diligent distant dreamy
    drifting durable dynamic eager early earnest elegant emerald enameled endless evergreen
    excellent exquisite fabled famous floral fluent focused foggy fortunate fresh friendly
    frosted frosty generous gentle genuine gilded glad gleaming gliding glinting glossy glowing
    golden graceful gracious grateful harmonic helpful honest hopeful humble ideal indigo
    inventive inviting jaunty jolly jovial joyful jubilant keen knitted lacquered lakeside leafy
    leisurely lemon level lilac lively lofty logical lucid luminous lunar lyrical majestic maple
    marbled marine maritime mauve melodious merry mild mindful minty misty modern modest moonlit
    mossy musical nautical neat nimble notable oaken oceanic opal orderly original ornate
    painted pastel peaceful pebbly peppy perfect placid playful pleasant poetic polar polished
    practical precise printed pristine prompt prudent punctual quick quiet quilted radiant rainy
    rapid refined regular relaxed reliable resilient resonant restful rhythmic ringing rippling
    riverside rosy ruby rural russet rustic sandy sapphire savvy scenic scholarly seasonal
    sensible serene shaded shining shiny silken silver sincere singing snowy soaring sociable
    solar soothing sparkling splendid sprightly starlit stately steadfast steady stellar
    sterling stitched striped studious subtle summery sunlit sunny superb tactful tawny teal
    thorough thrifty thriving tidal tidy timely toasty tranquil trusty tuneful twinkling
    unhurried upbeat useful verdant vibrant vivid watchful welcoming whimsical wholesome winsome
    wintry wise wondrous wooden woodland woven zesty
    """.split()  # noqa: SIM905 - a list would take a line a word
)

NOUNS = tuple(
    """
    acre alcove alder almanac alpaca anchor antelope apple apricot aqueduct arbor arcade artist
    aspen aster atlas atrium aurora autumn avenue awning bakery balcony ballad balloon bamboo
    barley basalt basin basket bassoon bayou beach beacon begonia bell birch biscuit bison
    blossom blueberry boat bobbin book boulder bouquet breeze bridge bumblebee butterfly cabin
    cactus camellia canoe canopy canvas canyon caribou carousel cello ceramic chalet clarinet
    cliff clock cloud clover coast cobble comet compass cottage cove crayon crocus cypress
    daffodil daybreak dell dolphin drum dune dusk eagle easel eclipse elk elm estuary falcon
    farm fern festival field finch firefly fjord flamingo flower foothill forest freesia galaxy
    gallery garden gardenia garland gazebo gazelle gecko geode glacier glade gondola granite
    guitar hamlet harbor hare harp harvest haven hearth heath hedge hibiscus highland hill
    horizon inlet island jigsaw journey juniper kayak kite koala lagoon lake lantern larch lark
    lattice laurel leaf ledge library lichen llama locket loom lynx mandolin mangrove marble
    marigold market marlin marsh meadow melody mesa meteor mirror mist moonbeam moonlight moose
    mosaic mountain nebula nest notebook oak oasis oboe ocean orbit orchard osprey owl paddock
    palette panda paper parchment parrot parsley path pavilion pebble pelican pencil penguin
    petal petunia pheasant piano planet plateau plaza plover pond poplar porch postcard prairie
    prism puma puzzle quail quartz quilt ravine reed reef ribbon ridge river sail salmon sandbar
    sapling satchel savanna sketch skylark snowfall sonata sonnet sparrow spindle sprout
    starling steppe stone summit sundial sunrise sunset swan sycamore tapestry teacup teapot
    terrace thicket thimble thistle tiger timber topaz tortoise toucan trail trellis turbine
    turquoise turtle twilight valley veranda verse viaduct village viola violin vista voyage
    wagon waltz wheat willow windmill window winter workshop wren yarrow zebra zephyr zinnia
    """.split()  # noqa: SIM905 - a list would take a line a word
)
