package plan

// algorithms returns the algorithms of an operation, the simplest first.
func algorithms(op Op) []algorithm { return table[op] }

// columns: name, folds in rank order, takes counts per rank
var table = [ops][]algorithm{
	Barrier: {
		{"dissemination", true, false, barrierDissemination},
	},
	Bcast: {
		{"binomial", true, false, bcastBinomial},
	},
}
