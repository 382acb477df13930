/** App passwords of one account. */
export const APP_PASSWORDS_MAX = 50
