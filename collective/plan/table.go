package plan

// algorithms returns the algorithms of an operation, the simplest first.
func algorithms(op Op) []algorithm {
	// name, folds in rank order, takes counts per rank
	switch op {
	case Barrier:
		return []algorithm{
			{"dissemination", true, false, barrierDissemination},
		}
	case Bcast:
		return []algorithm{
			{"binomial", true, false, bcastBinomial},
			{"scatter-allgather", true, false, bcastScatterAllgather},
			{"chain", true, false, bcastChain},
		}
	case Reduce:
		return []algorithm{
			{"binomial", true, false, reduceBinomial},
			{"rabenseifner", true, false, reduceRabenseifner},
		}
	case Allreduce:
		return []algorithm{
			{"doubling", true, false, allreduceDoubling},
			{"rabenseifner", true, false, allreduceRabenseifner},
			{"ring", false, false, allreduceRing},
		}
	case Gather:
		return []algorithm{
			{"linear", true, true, gatherLinear},
			{"binomial", true, true, gatherBinomial},
		}
	case Scatter:
		return []algorithm{
			{"linear", true, true, scatterLinear},
			{"binomial", true, true, scatterBinomial},
		}
	case Allgather:
		return []algorithm{
			{"ring", true, true, allgatherRing},
			{"doubling", true, true, allgatherDoubling},
			{"bruck", true, true, allgatherBruck},
		}
	case Alltoall:
		return []algorithm{
			{"pairwise", true, true, alltoallPairwise},
			{"bruck", true, false, alltoallBruck},
		}
	case ReduceScatter:
		return []algorithm{
			{"pairwise", true, true, reduceScatterPairwise},
			{"halving", false, true, reduceScatterHalving},
		}
	case Scan:
		return []algorithm{
			{"doubling", true, false, scanDoubling},
		}
	case Exscan:
		return []algorithm{
			{"doubling", true, false, exscanDoubling},
		}
	}
	return nil
}
