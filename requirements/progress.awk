# What pip does, as one line that grows: it says a name for each package it fetches, and nothing while it unpacks them.
function bar(done, what) {
  filled = total > 0 ? int(30 * done / total) : 0
  printf "\r  [%s%s] %d/%d %-40.40s", substr("##############################", 1, filled), substr("..............................", 1, 30 - filled), done, total, what
  fflush()
}
/^(Collecting|Requirement already satisfied:) / { sub(/^Requirement already satisfied:/, ""); seen++; bar(seen < total ? seen : total, $NF == $0 ? $1 : $1 == "Collecting" ? $2 : $1) }
/Building wheel/ { bar(seen < total ? seen : total, "building") }
/^Installing collected packages/ { bar(total, "unpacking") }
END { if (seen) printf "\n" }
