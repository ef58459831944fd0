import type { Check } from './check.js';

/** The ledger alone: a wallet's batch commits whole, so these hold at every instant. */
export const money: readonly Check[] = [
  {
    id: 'I13',
    name: 'the ledger sums to zero',
    rows: 'select count(*) from wallet.entry',
    violations: `
      select 'the ledger does not sum to zero' as what, sum(amount)::text as which
      from wallet.entry having sum(amount) <> 0`,
  },
  {
    id: 'I13',
    name: 'each transfer has two entries that sum to zero',
    rows: 'select count(*) from wallet.transfer',
    violations: `
      select 'a transfer is not balanced' as what, t.id::text as which
      from wallet.transfer t left join wallet.entry e on e.transfer_id = t.id
      group by t.id having count(e.id) <> 2 or sum(e.amount) <> 0`,
  },
  {
    id: 'I13',
    name: 'each transfer moves money between the accounts of its kind',
    rows: 'select count(*) from wallet.transfer',
    violations: `
      select distinct 'a transfer is between other accounts than its kind says' as what, t.id::text as which
      from wallet.transfer t join wallet.entry e on e.transfer_id = t.id
      where case when e.account like 'wallet:%' then (e.amount < 0) <> (t.kind = 'DEBIT')
                 else e.account <> case t.kind when 'TOP_UP' then 'outside' else 'sales' end end`,
  },
  {
    id: 'I13',
    name: 'each wallet is the sum of its entries',
    rows: 'select count(*) from wallet.wallet',
    violations: `
      select 'a wallet differs from its entries' as what, coalesce(w.user_id, substr(e.account, 8)) as which
      from wallet.wallet w
      full join (select account, sum(amount) as balance from wallet.entry where account like 'wallet:%' group by account) e
        on e.account = 'wallet:' || w.user_id
      where w.user_id is null or w.balance <> coalesce(e.balance, 0)`,
  },
  {
    id: 'I13',
    name: 'each entry of a wallet shows the balance behind it',
    rows: `select count(*) from wallet.entry where account like 'wallet:%'`,
    violations: `
      select 'an entry shows another balance than the one behind it' as what, id::text as which
      from (select id, balance_after, sum(amount) over (partition by account order by seq) as balance
            from wallet.entry where account like 'wallet:%') e
      where balance_after is distinct from balance`,
  },
  {
    id: 'I13',
    name: 'no wallet is negative, or ever was',
    rows: 'select count(*) from wallet.wallet',
    violations: `
      select distinct 'a wallet is or was negative' as what, user_id as which
      from (select user_id from wallet.wallet where balance < 0
            union all
            select substr(account, 8) from wallet.entry where account like 'wallet:%' and balance_after < 0) negative`,
  },
];
