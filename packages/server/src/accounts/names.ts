// What names and addresses of accounts may be.

export const longestKeyName = 100;

/**
 * No control characters, which a terminal obeys and PostgreSQL does not take, and no half of a surrogate pair: two different ones become the same
 * text on their way. Nothing has a name that is not plain: it need not be looked for.
 */
export const isPlain = (text: string): boolean => !/[\p{Cc}\p{Cs}]/u.test(text);

export const isUserId = (text: string): boolean => /^usr_[0-9a-z]{1,60}$/.test(text);

/** An e-mail address as it is kept and looked for: one letter has one form. */
export const emailOf = (text: string): string => text.trim().toLowerCase().normalize('NFC');
