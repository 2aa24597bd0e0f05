// Sentences, each beside one that says the same, one about the same matter and one about another: graded 3, 2, 0 by how they were written.
const groups = [
  ['A man is playing a guitar.', 'Someone plays the guitar.', 'A woman is singing on a stage.', 'The invoice is due on Friday.'],
  [
    'How do I reset my password?',
    'I forgot my password, what now?',
    'How do I change my e-mail address?',
    'Bake the bread for forty minutes.',
  ],
  [
    'The stock market fell sharply on Monday.',
    'Shares dropped steeply at the start of the week.',
    'The central bank raised interest rates.',
    'Two dogs run along the beach.',
  ],
  [
    'It will rain in the north tomorrow.',
    'Tomorrow brings showers to northern parts.',
    'The summer was unusually dry.',
    'The committee elected a new chair.',
  ],
  [
    'The doctor prescribed antibiotics for the infection.',
    'A physician gave medicine against the bacteria.',
    'Vaccines prevent many diseases.',
    'He painted the fence white.',
  ],
  [
    'The train to Paris leaves at nine.',
    'At nine there is a train for Paris.',
    'Flights to London are cheaper in winter.',
    'Copper conducts electricity well.',
  ],
  [
    'Water boils at one hundred degrees.',
    'At 100 °C water turns into steam.',
    'Ice melts faster with salt.',
    'She won the chess tournament.',
  ],
  [
    'The children are building a sandcastle.',
    'Kids make a castle out of sand.',
    'A boy swims in the sea.',
    'The server restarted after an update.',
  ],
  [
    'The program crashes when the file is empty.',
    'An empty file makes the software fail.',
    'The compiler prints a warning.',
    'Tulips flower in spring.',
  ],
  [
    'This phone has a poor battery.',
    'The battery of this mobile does not last.',
    'The screen of the tablet is bright.',
    'The bishop moved to a new diocese.',
  ],
  [
    'The court found him guilty of fraud.',
    'He was convicted of deceiving investors.',
    'The lawyer filed an appeal.',
    'A recipe for lentil soup.',
  ],
  [
    'Astronauts landed on the Moon in 1969.',
    'In 1969 people first walked on the lunar surface.',
    'The telescope photographs distant galaxies.',
    'My neighbour sells old furniture.',
  ],
  ['I would like to cancel my subscription.', 'Please end my membership.', 'When is my next payment?', 'The river floods every spring.'],
  ['The cat sleeps on the sofa.', 'A cat is napping on the couch.', 'The dog barks at the postman.', 'Taxes rose by two per cent.'],
  [
    'Plants make sugar out of sunlight.',
    'Through photosynthesis, leaves turn light into food.',
    'Trees lose their leaves in autumn.',
    'The goalkeeper saved a penalty.',
  ],
  [
    'The museum is closed on Mondays.',
    'You cannot visit the museum on a Monday.',
    'The exhibition shows paintings of the 17th century.',
    'Sort the list before searching it.',
  ],
  [
    'She speaks four languages fluently.',
    'She is fluent in four tongues.',
    'He translates novels from Japanese.',
    'The bridge carries heavy lorries.',
  ],
  [
    'The hotel room was dirty and loud.',
    'Our room was noisy and had not been cleaned.',
    'Breakfast at the hotel is served until ten.',
    'Prime numbers have two divisors.',
  ],
  [
    'A vector index finds nearest neighbours.',
    'Nearest neighbours are found with an index of vectors.',
    'Databases keep rows in tables.',
    'The choir rehearses on Thursdays.',
  ],
  [
    'The team won the final by two goals.',
    'They took the cup, scoring two more than the other side.',
    'The coach resigned after the season.',
    'Mix the flour with the butter.',
  ],
];

/** @type {{ a: string, b: string, grade: number }[]} */
export const sentencePairs = groups.flatMap(([a, ...others]) => others.map((b, at) => ({ a, b, grade: [3, 2, 0][at] })));

export const sentences = [...new Set(groups.flat())];
