// Columns of the headings that imports know, in the order in which people are told of them. Apart from the rows, so that whoever only
// explains them need not load password schemes.

export const domainColumns = ['domain'] as const
export const accountColumns = ['address', 'password_hash', 'password', 'quota', 'enabled'] as const
export const aliasColumns = ['alias', 'targets'] as const
