/** How many rounds a hostile test runs: one by default, more where VOISIN_HOSTILE_ROUNDS says so (`npm run test:hostile`: 20). */
export const hostileRounds = Number(process.env['VOISIN_HOSTILE_ROUNDS'] ?? 1);
