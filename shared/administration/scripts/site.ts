/** In place of an address: the administrator's scripts, for all. An account of that name is named with its domain. */
export const SITE = 'site'
