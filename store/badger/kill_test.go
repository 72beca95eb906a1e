package badger

const victimVariable = "HAREBELL_VICTIM"

func runVictim(dir string) {}
